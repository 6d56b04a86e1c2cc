/** The context for a task: what it takes of the budget, how it was made, and all that is in it. */
import { useQuery } from "@tanstack/react-query";
import { CopyButton } from "@/components/copy-button";
import { Notice, Snippet } from "@/components/notice";
import type { Pack } from "@/lib/api";
import { count, type Group, groupsOf } from "@/lib/pack";
import { packQuery } from "@/lib/search";
import { visible } from "@/lib/text";
import { PackGroup } from "@/pages/search/pack-group";
import { useCodeSearch } from "@/pages/search/search";
import { Waiting } from "@/pages/search/waiting";

const EXAMPLE = "Errors must say what to do about them";

export function PackView() {
  const [search] = useCodeSearch();
  const answer = useQuery(packQuery(search));
  if (search.q === undefined) return <Empty />;
  if (!answer.data) return <Waiting asked={answer} doing="Gathering context" />;
  const groups = groupsOf(answer.data);
  return (
    <section aria-label="Context for the task" aria-busy={answer.isFetching} data-testid="pack">
      <Sum pack={answer.data} groups={groups} />
      <div className="pack-groups" data-rows>
        {groups.map((group) => (
          <PackGroup key={group.kind} group={group} />
        ))}
      </div>
      <Likely files={answer.data.files} />
    </section>
  );
}

function Sum({ pack, groups }: { pack: Pack; groups: readonly Group[] }) {
  const { tokens, budget, revision } = pack;
  const parts = groups.map((each) => `${each.title} ${count(each.tokens)}`).join(", ");
  return (
    <div className="card pack-sum">
      <div className="row pack-head">
        <h2>
          {count(tokens)} of {count(budget)} tokens
        </h2>
        <CopyButton text={pack.text} what="context" label="Copy all for a prompt" />
      </div>
      <div className="pack-bar" role="img" aria-label={`${tokens} of ${budget} tokens: ${parts}`}>
        {groups.map(({ kind, share }) => (
          <span key={kind} data-kind={kind} style={{ width: `${share * 100}%` }} />
        ))}
      </div>
      <ul className="pack-legend">
        {groups.map(({ kind, title, tokens: some }) => (
          <li key={kind} data-kind={kind}>
            {title} <span className="quiet">{count(some)}</span>
          </li>
        ))}
      </ul>
      <ul className="pack-notes" aria-label="How it was made">
        {revision && (
          <li>
            seen at <code>{visible(revision.slice(0, 12))}</code>, with what is not committed
          </li>
        )}
        {pack.notes.map((note) => (
          <li key={note}>{visible(note)}</li>
        ))}
      </ul>
    </div>
  );
}

function Likely({ files }: { files: readonly string[] }) {
  if (files.length === 0) return null;
  return (
    <details className="card">
      <summary>The {count(files.length)} likeliest files, best first, shown above or not</summary>
      <ol className="likely">
        {files.map((path) => (
          <li key={path}>
            <code className="wrap">{visible(path)}</code>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Empty() {
  const [, go] = useCodeSearch();
  return (
    <Notice title="What an agent needs for a task, within a budget">
      <p>
        Say what is to be done: the code that it is about comes back with its tests, past commits,
        notes and the live state, each part with its reason, ready for a prompt. Agents ask the same
        with the MCP tool <code>context_pack</code>; in a terminal:
      </p>
      <Snippet text={`orchestra pack "${EXAMPLE}" --explain`} what="command" />
      <button type="button" className="button" onClick={() => go({ q: EXAMPLE })}>
        Try this example
      </button>
    </Notice>
  );
}
