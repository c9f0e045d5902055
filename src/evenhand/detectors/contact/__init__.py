"""Contact details, links and promotion in text: `ads.contact`, `ads.link`, `ads.promotion`.

A message is folded once into a `View` (lower case, full-width and circled forms plain, invisible characters gone, with
a map back to the caller's code points). One Aho-Corasick pass over the view finds cue words and the few characters that
no contact can do without; most messages have none and end there. Only where a cue stands do the channels look closer:

    phones.py   numbers of any region, plain and disguised      mail.py      e-mail, plain and disguised
    links.py    URLs, bare and defanged domains                 handles.py   messenger ids
    promotion.py   calls to action, prices and gains that go with a contact

Every pattern has bounded repeats and no nested quantifier, so that time is linear in the text whatever the text is.
"""

from evenhand.detectors.contact.detector import ContactDetector, make

__all__ = ["ContactDetector", "make"]
