"""The hybrid retriever as LangChain knows retrievers."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from advisor.catalogue.records import Filters
from advisor.retrieval.search import PassageSearch


class HybridRetriever(BaseRetriever):
    """Returns LangChain documents: passage text, and where it stands as metadata.

    Example:
        >>> retriever = HybridRetriever(search=PassageSearch(get_settings()), k=5)
        >>> retriever.invoke("Comment impliquer les habitants ?")
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    search: PassageSearch
    k: int = 10
    filters: Filters = Filters()

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 (LangChain's signature)
    ) -> list[Document]:
        return [
            Document(
                id=hit.passage.id,
                page_content=hit.passage.text,
                metadata={
                    "document_id": hit.document.id,
                    "title": hit.document.title,
                    "kind": hit.document.kind,
                    "page": hit.passage.page,
                    "section": " > ".join(hit.passage.headings),
                    "start": hit.passage.start,
                    "end": hit.passage.end,
                    "score": hit.score,
                },
            )
            for hit in self.search.search(query, self.k, self.filters).hits
        ]
