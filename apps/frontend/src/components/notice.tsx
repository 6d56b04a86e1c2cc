/** What to show where there is nothing to show: what this is, why it is empty, what fills it. */
import type { ReactNode } from "react";
import { CopyButton } from "@/components/copy-button";
import { Said } from "@/components/said";
import { Problem } from "@/lib/api";

export function Notice({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <div className="notice">
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** Lines to put into a terminal or file, with a button that copies them. */
export function Snippet({ text, what }: { text: string; what: string }) {
  return (
    <div className="snippet">
      <pre>{text}</pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}

/** A refusal or failure of the API: what happened, what to do, and a way to try again. */
export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div className="notice failure" role="alert">
      <h3>
        <Said text={error.message} />
      </h3>
      {error instanceof Problem && error.hint && (
        <p>
          <Said text={error.hint} />
        </p>
      )}
      {retry && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
