/** How long ago something was; the exact time and zone are on hover. */
import { exact, useAge } from "@/lib/time";

export function Ago({ at, label }: { at: string | null | undefined; label?: string }) {
  return at ? <Time at={at} label={label} /> : <span className="quiet">never</span>;
}

function Time({ at, label }: { at: string; label?: string | undefined }) {
  const words = useAge(at);
  return (
    <time className="ago" dateTime={at} title={exact(at)}>
      {label && `${label} `}
      {words}
    </time>
  );
}
