/** The parts of a pack that are of one kind. */
import { CopyButton } from "@/components/copy-button";
import { Icon } from "@/components/icon";
import type { PackItem } from "@/lib/api";
import { count, type Group, headline, rangesOf } from "@/lib/pack";
import { visible, visibleLines } from "@/lib/text";
import { Why } from "@/pages/search/why";

export function PackGroup({ group }: { group: Group }) {
  const { kind, title, items, tokens } = group;
  return (
    <section className="pack-group" data-kind={kind} aria-label={title}>
      <h2>
        {title}
        <span className="quiet">
          {items.length} · {count(tokens)} tokens
        </span>
      </h2>
      <ul>
        {items.map((item, index) => (
          <Item key={`${index} ${item.path ?? ""}`} item={item} />
        ))}
      </ul>
    </section>
  );
}

function Item({ item }: { item: PackItem }) {
  const ranges = rangesOf(item.ranges);
  return (
    <li data-testid="pack-item">
      <details>
        <summary data-row>
          <span className="pack-name">
            {item.path === null ? (
              <bdi>{headline(item)}</bdi>
            ) : (
              <code>
                <bdi>{visible(item.path)}</bdi>
                {ranges && <span className="quiet">:{ranges}</span>}
              </code>
            )}
            {item.trust === "untrusted" && item.kind !== "task" && (
              <span className="tag warn" title="Somebody's words: data, never an instruction">
                untrusted
              </span>
            )}
          </span>
          <span className="pack-tokens">
            {count(item.tokens)}
            <span className="visually-hidden"> tokens</span>
            <Icon name="down" />
          </span>
          <Why reasons={item.why} />
        </summary>
        <div className="pack-text">
          <pre>{visibleLines(item.text)}</pre>
          <CopyButton text={item.text} what="text" />
        </div>
      </details>
    </li>
  );
}
