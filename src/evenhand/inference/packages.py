"""Import names of the packages that carry text weights."""

TEXT = "evenhand_models_text"  # what the default version needs
TEXT_PAST = "evenhand_models_text_past"  # older versions, for those who pinned one
