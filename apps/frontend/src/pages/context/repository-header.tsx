/** Which repository this is, where its head is, and how far the stream has come. */
import { Ago } from "@/components/ago";
import { CopyButton } from "@/components/copy-button";
import { Icon } from "@/components/icon";
import { useContextState, useFact } from "@/lib/context";
import { asNumber, asObject, asText, isObject, type JsonObject } from "@/lib/json";
import { visible } from "@/lib/text";
import { useTitle } from "@/lib/title";

export function RepositoryHeader() {
  const value = asObject(useFact("codebase_state")?.value);
  const name = asText(value.repository);
  useTitle(name && visible(name));
  return (
    <header className="repository">
      <div className="row">
        <h1>{name ? visible(name) : "Live context"}</h1>
        <Sequence />
      </div>
      {isObject(value.head) && (
        <p className="head-line">
          <Branch head={value.head} upstream={asObject(value.upstream)} />
          {asText(value.operation) && <span className="tag warn">{asText(value.operation)}</span>}
          {value.busy === true && <span className="tag">git is busy</span>}
          <HeadCommit head={value.head} />
        </p>
      )}
    </header>
  );
}

function Sequence() {
  const seq = useContextState((state) => state.seq);
  const epoch = useContextState((state) => state.epoch);
  if (epoch === "") return null;
  return (
    <span
      className="sequence"
      title={`Epoch ${epoch}: changes of the context, counted without a gap`}
    >
      change <b data-testid="sequence">{seq.toLocaleString("en")}</b>
    </span>
  );
}

const STATES: Record<string, string> = {
  detached: "detached head",
  unborn: "no commit yet",
  broken: "broken head",
};

function Branch({ head, upstream }: { head: JsonObject; upstream: JsonObject }) {
  const branch = asText(head.branch);
  const state = STATES[asText(head.state)];
  const ahead = asNumber(upstream.ahead);
  const behind = asNumber(upstream.behind);
  return (
    <>
      {branch && (
        <span className="tag branch" title={`Branch ${visible(branch)}`}>
          <Icon name="branch" />
          <bdi data-testid="branch">{visible(branch)}</bdi>
        </span>
      )}
      {state && <span className="tag warn">{state}</span>}
      {asText(upstream.name) && (
        <span className="quiet" title={`Compared with ${visible(asText(upstream.name))}`}>
          {ahead === 0 && behind === 0
            ? "in step with upstream"
            : `${ahead} ahead, ${behind} behind`}
        </span>
      )}
    </>
  );
}

function HeadCommit({ head }: { head: JsonObject }) {
  const commit = asText(head.commit);
  if (!commit) return null;
  return (
    <span className="head-commit">
      <code title={commit}>{commit.slice(0, 7)}</code>
      <CopyButton text={commit} what="commit id" />
      <bdi className="subject">{visible(asText(head.subject))}</bdi>
      {asText(head.committed_at) && <Ago at={asText(head.committed_at)} />}
    </span>
  );
}
