/** Raw JSON, with buttons to copy and download it. */
import { useMemo } from "react";
import { CopyButton } from "@/components/copy-button";
import { Icon } from "@/components/icon";
import { download } from "@/lib/clipboard";
import { pretty } from "@/lib/json";

const LONGEST = 60_000; // characters drawn; the buttons give all of it

export function JsonView({ value, name }: { value: unknown; name: string }) {
  const text = useMemo(() => pretty(value), [value]);
  const cut = text.length > LONGEST;
  return (
    <div className="json">
      <div className="json-tools">
        <span className="quiet grow">{text.length.toLocaleString("en")} characters</span>
        <CopyButton text={text} what="JSON" label="Copy" />
        <button
          type="button"
          className="button small"
          onClick={() => download(`${name}.json`, `${text}\n`)}
        >
          <Icon name="download" />
          Download
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must take the keyboard */}
      <pre tabIndex={0} data-testid="raw-json">
        {cut ? text.slice(0, LONGEST) : text}
      </pre>
      {cut && <p className="quiet">The rest is in the download.</p>}
    </div>
  );
}
