"""Google Cloud: SafeSearch, text and faces of Cloud Vision, and moderateText of Cloud Natural Language, in JSON.

dialect.py      DIALECT: which requests are Google's, keys, what is not answered
vision.py       `images:annotate`: a batch of pictures, each with the features that were asked for
likelihoods.py  SafeSearch's categories, and what a likelihood is
seen.py         the words and the faces of a picture
language.py     `documents:moderateText`
categories.py   the vendor's sixteen categories of texts, and which of them are answered
html.py         words out of HTML
objects.py      `gs://`
shadow.py       shadow mode of both
fields.py       fields of requests
errors.py       google.rpc.Status
"""

from evenhand.api.compat.google.dialect import DIALECT

__all__ = ["DIALECT"]
