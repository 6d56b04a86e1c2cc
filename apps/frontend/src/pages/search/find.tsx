/** The places that fit a search, best first, and what there is when there are none. */
import { useQuery } from "@tanstack/react-query";
import { Notice, Snippet } from "@/components/notice";
import { findQuery, LIMITS } from "@/lib/search";
import { visible } from "@/lib/text";
import { PlaceView } from "@/pages/search/place-view";
import { useCodeSearch } from "@/pages/search/search";
import { Waiting } from "@/pages/search/waiting";

const EXAMPLE = "where are errors handled";

export function Find() {
  const [search, go] = useCodeSearch();
  const answer = useQuery(findQuery(search));
  if (search.q === undefined) return <Empty />;
  if (!answer.data) return <Waiting asked={answer} doing="Searching" />;
  const { found, revision } = answer.data;
  if (found.length === 0) return <Nothing />;
  const shown = search.limit ?? LIMITS[0];
  const more = LIMITS.find((each) => each > shown);
  return (
    <section aria-label="Found" aria-busy={answer.isFetching}>
      <ol className="places" data-rows aria-label="Places, the likeliest first">
        {found.map((place) => (
          <PlaceView key={`${place.path}:${place.start}`} place={place} />
        ))}
      </ol>
      <div className="row code-end">
        {more !== undefined && found.length >= shown && !answer.isPlaceholderData && (
          <button
            type="button"
            className="button"
            onClick={() => go({ limit: more }, { replace: true })}
          >
            Show more places
          </button>
        )}
        {revision && (
          <span className="quiet">
            Seen at <code>{visible(revision.slice(0, 12))}</code>, with what is not committed
          </span>
        )}
      </div>
    </section>
  );
}

function Empty() {
  const [, go] = useCodeSearch();
  return (
    <Notice title="Find code by what it does, or by what it is called">
      <p>
        A question in words or a name finds the lines that are likely meant, in the files as they
        are on disk now. Each place says what speaks for it. Agents ask the same with the MCP tool{" "}
        <code>context_search</code>; in a terminal:
      </p>
      <Snippet text={`orchestra search "${EXAMPLE}"`} what="command" />
      <button type="button" className="button" onClick={() => go({ q: EXAMPLE })}>
        Try this example
      </button>
    </Notice>
  );
}

function Nothing() {
  const [{ under }, go] = useCodeSearch();
  return (
    <Notice title="Nothing in the code fits that">
      <p>Ask in other words, or with a name as the code writes it.</p>
      {under !== undefined && (
        <>
          <p>
            Only <code className="wrap">{visible(under)}</code> was searched.
          </p>
          <button type="button" className="button" onClick={() => go({ under: undefined })}>
            Search the whole repository
          </button>
        </>
      )}
    </Notice>
  );
}
