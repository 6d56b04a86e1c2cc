/** What something is in for, as small chips. */
import { visible } from "@/lib/text";

export function Why({ reasons }: { reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  return (
    <span className="why">
      {reasons.map((reason) => (
        <span key={reason} className="tag">
          {visible(reason)}
        </span>
      ))}
    </span>
  );
}
