"""The dashboard's files: static, and the same page for every address that is no file."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_SHIPPED = Path(__file__).parent / "static"
_IN_REPOSITORY = Path(__file__).parents[5] / "apps" / "frontend" / "dist"

_MISSING = """<!doctype html><meta charset="utf-8"><title>Orchestra</title>
<h1>Orchestra is running</h1><p>The dashboard is not built. Run <code>make build</code> in the
project, or set <code>ORCHESTRA_FRONTEND_DIR</code>; the API is at
<a href="/api/v1/openapi.json">/api/v1</a>.</p>
"""


def find_dashboard(configured: Path | None) -> Path | None:
    """The folder of the built dashboard: as configured, as shipped, or as built beside us."""
    for folder in (configured, _SHIPPED, _IN_REPOSITORY):
        if folder is not None and (folder / "index.html").is_file():
            return folder
    return None


class Dashboard(StaticFiles):
    """Serves the built dashboard. Its files hold no data, so they need no key."""

    def __init__(self, configured: Path | None) -> None:
        self._folder = find_dashboard(configured)
        super().__init__(directory=self._folder, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or the page, which finds its way by the address."""
        if path.startswith(("api/", "mcp/", "v1/")):
            raise HTTPException(404, f"there is no `/{path[:120]}`")
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if self._folder is None:
            return Response(_MISSING, media_type="text/html")
        if path.startswith("assets/"):  # their names carry a hash of what is in them
            response = await super().get_response(path, scope)
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
            return response
        file = (self._folder / path).resolve()
        if path not in (".", "") and file.is_relative_to(self._folder) and file.is_file():
            return await super().get_response(path, scope)
        page = FileResponse(self._folder / "index.html")
        page.headers["Cache-Control"] = "no-cache"
        return page
