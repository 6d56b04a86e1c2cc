/** What changed lately, newest first, each in a sentence. */
import { memo } from "react";
import { describe } from "@/lib/activity";
import { useActivity } from "@/lib/history";
import type { Delta } from "@/lib/stream";
import { visible } from "@/lib/text";
import { exact, timeOfDay } from "@/lib/time";
import { topicOf } from "@/lib/topics";
import { type Go, useContextSearch } from "@/pages/context/search";

export function Activity() {
  const activity = useActivity();
  const [, go] = useContextSearch();
  return (
    <aside className="activity" aria-labelledby="activity-title">
      <h2 id="activity-title">Activity</h2>
      {activity.length === 0 ? (
        <p className="quiet">Changes appear here as they happen. Save a file to see one.</p>
      ) : (
        <ol data-rows aria-label="Latest changes">
          {activity.map((delta) => (
            <Entry key={delta.seq} delta={delta} go={go} />
          ))}
        </ol>
      )}
    </aside>
  );
}

const Entry = memo(function Entry({ delta, go }: { delta: Delta; go: Go }) {
  return (
    <li>
      <button
        type="button"
        data-row
        data-testid="activity-entry"
        onClick={() => go({ seq: delta.seq, path: undefined })}
      >
        <span className="entry-head">
          <span>{topicOf(delta.topic).name}</span>
          <time dateTime={delta.at} title={exact(delta.at)}>
            {timeOfDay(delta.at)}
          </time>
        </span>
        <bdi className="entry-text">{visible(describe(delta))}</bdi>
      </button>
    </li>
  );
});
