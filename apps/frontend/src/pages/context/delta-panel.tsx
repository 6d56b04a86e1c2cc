/** One change of the context: what it was in words, and its raw JSON Patch. */
import { JsonView } from "@/components/json-view";
import { SidePanel } from "@/components/side-panel";
import { describe } from "@/lib/activity";
import { useActivity } from "@/lib/history";
import { visible } from "@/lib/text";
import { exact } from "@/lib/time";
import { topicOf } from "@/lib/topics";
import { useContextSearch } from "@/pages/context/search";

export function DeltaPanel({ seq, onClose }: { seq: number; onClose: () => void }) {
  const activity = useActivity();
  const [, go] = useContextSearch();
  const at = activity.findIndex((each) => each.seq === seq);
  const delta = activity[at];
  const to = (index: number): (() => void) | undefined => {
    const other = at < 0 ? undefined : activity[index];
    return other && (() => go({ seq: other.seq }, { replace: true }));
  };
  return (
    <SidePanel
      label={`Change ${seq.toLocaleString("en")}`}
      title={delta ? topicOf(delta.topic).name : "Not among the latest"}
      onClose={onClose}
      onNext={to(at + 1)}
      onPrevious={to(at - 1)}
    >
      {delta === undefined ? (
        <p>The activity keeps the last hundred changes; this one is older, or is not made yet.</p>
      ) : (
        <>
          <p>
            <bdi className="wrap">{visible(describe(delta))}</bdi>
          </p>
          <dl className="fields">
            <div>
              <dt>at</dt>
              <dd>{exact(delta.at)}</dd>
            </div>
            {delta.cause && (
              <div>
                <dt>cause</dt>
                <dd>{visible(delta.cause)}</dd>
              </div>
            )}
          </dl>
          <h3>JSON Patch</h3>
          <JsonView value={delta.ops} name={`change-${delta.seq}`} />
        </>
      )}
    </SidePanel>
  );
}
