"""The console: pages for the people who review, set policies and audit.

Pages only show. What they do goes to the public API under `/v1`, so that whatever a person can do here a program can
do, too. Rendered on the server with Jinja2 (everything is escaped), helped by small ES modules: no build step, no
script or style inside a page, nothing from another host (`security.py` holds the content-security policy).

To add an area of pages:

1. `console/<area>.py`: `router = APIRouter(prefix="/console/<area>")` and `AREA = Area(router, nav=(Nav(...),))`; it
   goes into AREAS in `application.py`.
2. A page is a GET: `visitor = await visitor_of(request, "review")` says who looks, and `return page(request, visitor,
   "<area>/name.html", value=...)` renders `templates/<area>/name.html`, which extends `base.html` and may import the
   macros of `ui.html`.
3. What people read is `_("English text")`, with `{names}` for values: `_("{n} items", n=count)`. Its Chinese stands in
   `locale/zh/<area>.json`. Text that comes from Python is marked in the same way: `N_("English text")`.
4. What people do is `<form data-api="POST /v1/...">` (see `static/api.js`) or an ES module that imports `call` of it.
   Keys are `data-key="a"` on a button or link (see `static/keys.js`); `?` lists them.
5. A page's own script and style: `<script type="module" src="{{ static('area.js') }}"></script>` in block `scripts`,
   `<link rel="stylesheet" href="{{ static('area.css') }}">` in its block `styles`.
"""

from evenhand.console.application import install

__all__ = ["install"]
