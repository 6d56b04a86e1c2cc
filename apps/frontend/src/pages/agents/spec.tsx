/** What a spec says, as three lists. */
import { visible } from "@/lib/text";

interface Props {
  spec: {
    permissions: readonly string[];
    auto_approve_patterns: readonly string[];
    context_sources: readonly string[];
  };
  /** Those that are new, to be marked. */
  added?: readonly string[];
}

export function Spec({ spec, added = [] }: Props) {
  const lists: [string, readonly string[], string][] = [
    ["may", spec.permissions, "nothing"],
    ["without asking", spec.auto_approve_patterns, "no file"],
    ["is told", spec.context_sources, "everything"],
  ];
  return (
    <dl className="fields">
      {lists.map(([name, values, none]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {values.length === 0 && <span className="quiet">{none}</span>}
            {values.map((value) => (
              <span key={value} className={added.includes(value) ? "tag warn" : "tag"}>
                <code>{visible(value)}</code>
              </span>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
