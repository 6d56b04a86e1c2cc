/** The last commits of the branch. */
import { Ago } from "@/components/ago";
import { CopyButton } from "@/components/copy-button";
import { Notice } from "@/components/notice";
import { commitsOf } from "@/lib/codebase";
import type { JsonObject } from "@/lib/json";
import { visible } from "@/lib/text";

export function Commits({ value }: { value: JsonObject }) {
  const commits = commitsOf(value);
  if (commits.length === 0) {
    return (
      <Notice title="No commit yet">
        <p>The first commit of this branch appears here when it is made.</p>
      </Notice>
    );
  }
  return (
    <ol className="commits" aria-label="Recent commits">
      {commits.map(({ sha, subject, author, at }) => (
        <li key={sha}>
          <code title={sha}>{sha.slice(0, 7)}</code>
          <CopyButton text={sha} what="commit id" />
          <bdi className="subject" title={visible(subject)}>
            {visible(subject)}
          </bdi>
          <bdi className="author quiet">{visible(author)}</bdi>
          <Ago at={at} />
        </li>
      ))}
    </ol>
  );
}
