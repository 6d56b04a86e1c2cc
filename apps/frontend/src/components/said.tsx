/** A message of the system: what is in backticks is set as code, the hint begins a line. */
import { Fragment } from "react";
import { visible } from "@/lib/text";

export function Said({ text }: { text: string }) {
  const [message = "", ...hints] = text.split(/\s*\bhint: /);
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
  const parts = text.split("`");
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
