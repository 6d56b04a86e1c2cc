/** Whether what one sees is live, and when the server was last heard. */
import { useContextState } from "@/lib/context";
import type { Connection } from "@/lib/stream";
import { exact, useAge } from "@/lib/time";

const WORDS: Record<Connection, string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
  "signed-out": "Logged out",
};

export function ConnectionState() {
  const connection = useContextState((state) => state.connection);
  const heardAt = useContextState((state) => state.heardAt);
  return (
    <div className="connection" data-connection={connection} data-testid="connection">
      <span className="beacon" aria-hidden="true" />
      {/* Only the word is announced; a ticking age would never be silent. */}
      <span role="status" aria-live="polite">
        {WORDS[connection]}
      </span>
      {heardAt !== null && <Heard at={heardAt} />}
    </div>
  );
}

/** Said over every page while nothing new can arrive. */
export function OfflineBanner() {
  const offline = useContextState((state) => state.connection === "offline");
  if (!offline) return null;
  return (
    <p className="offline" role="alert">
      <b>Orchestra does not answer.</b> What you see is as it was; the page comes back by itself.
      Start it with <code>orchestra up</code>.
    </p>
  );
}

function Heard({ at }: { at: number }) {
  const words = useAge(at);
  return (
    <span className="quiet" title={exact(at)}>
      updated {words}
    </span>
  );
}
