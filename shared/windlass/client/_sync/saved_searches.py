"""Saved searches."""

from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.schemas.filters.saved_searches import SavedSearchQuery
from windlass.schemas.saved_searches import SavedSearch, SavedSearchCreate


class SyncSavedSearches(SyncResource):
    """The methods for saved searches."""

    def create_saved_search(self, search: SavedSearchCreate) -> SavedSearch:
        """Save a search, in place of the one of this name."""
        return self._read(SavedSearch, "PUT", "/saved_searches/", body=search)

    def read_saved_search(self, saved_search_id: UUID) -> SavedSearch:
        """Raises `ObjectNotFound`."""
        return self._read(SavedSearch, "GET", f"/saved_searches/{saved_search_id}")

    def read_saved_searches(self, query: SavedSearchQuery | None = None) -> list[SavedSearch]:
        """Saved searches, by name."""
        body = query or SavedSearchQuery()
        return self._read_list(SavedSearch, "POST", "/saved_searches/filter", body=body)

    def delete_saved_search(self, saved_search_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        self._request("DELETE", f"/saved_searches/{saved_search_id}")
