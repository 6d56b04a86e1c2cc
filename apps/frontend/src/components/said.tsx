/** A message of the system, as sentences: code for what is in backticks, a line for the hint. */
import { Fragment } from "react";
import { visible } from "@/lib/text";

export function Said({ text }: { text: string }) {
  const [message = "", ...hints] = text.split(/;?\s*\bhint: /);
  return (
    <>
      <Marked text={message} />
      {hints.length > 0 && (
        <span className="hint">
          <Marked text={hints.join(" ")} />
        </span>
      )}
    </>
  );
}

function Marked({ text }: { text: string }) {
  const parts = (text.charAt(0).toUpperCase() + text.slice(1)).split("`");
  return parts.map((part, index) => {
    const key = `${index} ${part}`;
    const code = index % 2 === 1 && index < parts.length - 1;
    return code ? (
      <code key={key}>{visible(part)}</code>
    ) : (
      <Fragment key={key}>{visible(part)}</Fragment>
    );
  });
}
