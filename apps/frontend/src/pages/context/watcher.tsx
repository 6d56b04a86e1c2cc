/** How changes of files are noticed, and what of the repository besides its changes is known. */
import { Said } from "@/components/said";
import { ValueView } from "@/components/value-view";
import { asNumber, asObject, asText, type JsonObject } from "@/lib/json";
import { visible } from "@/lib/text";
import { plural } from "@/lib/topics";

const MODES: Record<string, string> = {
  inotify: "The kernel tells of each saved file (inotify).",
  watchfiles: "The system tells of each saved file.",
  poll: "Files are compared in intervals, as this file system does not tell of changes.",
};

export function Watcher({ value, source }: { value: JsonObject; source: string }) {
  const watch = asObject(value.watch);
  const mode = asText(watch.mode) || source;
  const { repository, root, vcs, remotes, submodules } = value;
  const rest: JsonObject = { repository: repository ?? null, root: root ?? null, vcs: vcs ?? null };
  if (remotes) rest.remotes = remotes;
  if (submodules) rest.submodules = submodules;
  return (
    <div className="watcher">
      <p>
        <b>{visible(mode)}</b> — {MODES[mode] ?? "Files are watched."}{" "}
        {plural(asNumber(watch.directories), "folder")} watched,{" "}
        {plural(asNumber(watch.rescans), "rescan")} since the start.
      </p>
      {asText(watch.degraded) && (
        <p className="detail" data-status="stale">
          <Said text={asText(watch.degraded)} />
        </p>
      )}
      <ValueView value={rest} />
    </div>
  );
}
