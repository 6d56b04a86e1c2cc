/** How the code index is, in one line. */
import { useQuery } from "@tanstack/react-query";
import { Ago } from "@/components/ago";
import { StatusShape } from "@/components/status";
import type { CodeIndex } from "@/lib/api";
import { count } from "@/lib/pack";
import { indexQuery } from "@/lib/search";
import { visible } from "@/lib/text";
import { plural, type StatusWord } from "@/lib/topics";

export function IndexLine() {
  const index = useQuery(indexQuery);
  if (!index.data) return null; // whoever asks is told why there is no answer
  const [status, words] = state(index.data);
  const { files, chunks, commits, skipped, broken, omitted, problem, ready, vectors } = index.data;
  return (
    <p className="provenance" data-testid="index">
      <span className="status" data-status={status}>
        <StatusShape status={status} />
        {words}
      </span>
      {ready && (
        <>
          <span>{plural(files, "file")}</span>
          <span>{plural(chunks, "passage")}</span>
          <span>{plural(commits, "commit")}</span>
          {skipped > 0 && (
            <span title="Binary, huge, or likely to hold secrets">
              {count(skipped)} known by name only
            </span>
          )}
          {broken > 0 && (
            <span title="Their grammar failed on them">{count(broken)} read as plain text</span>
          )}
          {omitted > 0 && <span>{count(omitted)} beyond the most that are indexed</span>}
          {vectors && (
            <span title={vectors.embedder}>
              {count(vectors.embedded)} of {count(vectors.total)} passages with vectors
            </span>
          )}
          <Ago at={index.data.updated_at} label="updated" />
        </>
      )}
      {problem && <span className="wrap">{visible(problem)}</span>}
      {vectors?.problem && <span className="wrap">{visible(vectors.problem)}</span>}
    </p>
  );
}

function state({ ready, problem, done, total }: CodeIndex): [status: StatusWord, words: string] {
  if (ready) return problem ? ["stale", "index may be old"] : ["ok", "index ready"];
  if (problem) return ["unavailable", "no index"];
  if (total === 0) return ["waiting", "index is being built"];
  return ["waiting", `index is being built: ${count(done)} of ${count(total)} files`];
}
