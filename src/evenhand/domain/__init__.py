"""The vocabulary: frozen values that every other part of evenhand speaks in. No I/O, no models, no database.

Content -> Part -> Finding -> Decision -> Result
"""

from evenhand.domain.content import Content, ContentKind, Options
from evenhand.domain.conversation import AUTHOR_FACTS, MAX_MESSAGES, Author, Message, read_author, read_conversation
from evenhand.domain.customclass import ClassEntry, CustomClass, Medium
from evenhand.domain.decision import Action, Decision
from evenhand.domain.facts import FACTS, Fact, FactInfo
from evenhand.domain.finding import Finding
from evenhand.domain.fingerprint import Embedding, Fingerprint
from evenhand.domain.ids import first_id, id_time, new_id
from evenhand.domain.incident import Incident, Modality
from evenhand.domain.jsonvalue import JsonValue
from evenhand.domain.labels import TAXONOMY, LabelInfo, is_label, is_under, parent
from evenhand.domain.library import Library, LibraryItem, LibraryKind, ListColour, Match
from evenhand.domain.location import Location, Mark, Source
from evenhand.domain.part import AudioPart, ImagePart, Part, PartKind, TextPart
from evenhand.domain.result import ItemError, Result
from evenhand.domain.rows import content_from_row, is_language, row_id
from evenhand.domain.seen import Seen

__all__ = [
    "AUTHOR_FACTS",
    "FACTS",
    "MAX_MESSAGES",
    "TAXONOMY",
    "Action",
    "AudioPart",
    "Author",
    "ClassEntry",
    "Content",
    "ContentKind",
    "CustomClass",
    "Decision",
    "Embedding",
    "Fact",
    "FactInfo",
    "Finding",
    "Fingerprint",
    "ImagePart",
    "Incident",
    "ItemError",
    "JsonValue",
    "LabelInfo",
    "Library",
    "LibraryItem",
    "LibraryKind",
    "ListColour",
    "Location",
    "Mark",
    "Match",
    "Medium",
    "Message",
    "Modality",
    "Options",
    "Part",
    "PartKind",
    "Result",
    "Seen",
    "Source",
    "TextPart",
    "content_from_row",
    "first_id",
    "id_time",
    "is_label",
    "is_language",
    "is_under",
    "new_id",
    "parent",
    "read_author",
    "read_conversation",
    "row_id",
]
