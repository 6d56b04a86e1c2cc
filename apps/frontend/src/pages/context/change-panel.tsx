/** One changed file: what its letters mean, when it was saved, its raw JSON. */
import { Ago } from "@/components/ago";
import { CopyButton } from "@/components/copy-button";
import { JsonView } from "@/components/json-view";
import { SidePanel } from "@/components/side-panel";
import { changesOf, meaning, pick } from "@/lib/codebase";
import { useFact } from "@/lib/context";
import { asNumber, asObject } from "@/lib/json";
import { visible } from "@/lib/text";
import { exact } from "@/lib/time";
import { useContextSearch } from "@/pages/context/search";

export function ChangePanel({ path, onClose }: { path: string; onClose: () => void }) {
  const [{ filter, text, order = "recent" }, go] = useContextSearch();
  const all = changesOf(asObject(useFact("codebase_state")?.value));
  const list = pick(all, { filter, text, order });
  const at = list.findIndex((each) => each.path === path);
  const change = all.find((each) => each.path === path);
  const to = (index: number): (() => void) | undefined => {
    const other = at < 0 ? undefined : list[index];
    return other && (() => go({ path: other.path }, { replace: true }));
  };
  return (
    <SidePanel
      label="Changed file"
      title={<bdi className="wrap">{visible(path)}</bdi>}
      onClose={onClose}
      onNext={to(at + 1)}
      onPrevious={to(at - 1)}
    >
      <p>
        <CopyButton text={path} what="path" label="Copy path" />
      </p>
      {change === undefined ? (
        <p>This file is not among the changes now: it is as the head commit has it, or is gone.</p>
      ) : (
        <>
          <dl className="fields">
            <div>
              <dt>status</dt>
              <dd>
                <code className="letters">{change.letters}</code> {meaning(change)}
              </dd>
            </div>
            {change.savedAt && (
              <div>
                <dt>saved</dt>
                <dd>
                  <Ago at={change.savedAt} />
                  <br />
                  <span className="quiet">{exact(change.savedAt)}</span>
                </dd>
              </div>
            )}
            {"size" in change.raw && (
              <div>
                <dt>size</dt>
                <dd>{asNumber(change.raw.size).toLocaleString("en")} bytes</dd>
              </div>
            )}
          </dl>
          <JsonView value={{ [path]: change.raw }} name="change" />
        </>
      )}
    </SidePanel>
  );
}
