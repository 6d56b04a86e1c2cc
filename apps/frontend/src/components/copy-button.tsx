/** Copies a text and says that it did. */
import { useEffect, useState } from "react";
import { Icon } from "@/components/icon";
import { copy } from "@/lib/clipboard";

interface Props {
  text: string | (() => string);
  /** What is copied, for those who do not see what is beside the button: `path`. */
  what: string;
  /** Shown beside the icon. */
  label?: string;
}

export function CopyButton({ text, what, label }: Props) {
  const [said, setSaid] = useState<"copied" | "not copied" | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), 1600);
    return () => clearTimeout(timer);
  }, [said]);
  const onClick = async (): Promise<void> => {
    const done = await copy(typeof text === "string" ? text : text());
    setSaid(done ? "copied" : "not copied");
  };
  return (
    <button
      type="button"
      className={label ? "button small" : "icon-button"}
      title={`Copy ${what}`}
      aria-label={label ? undefined : `Copy ${what}`}
      onClick={onClick}
    >
      <Icon name={said === "copied" ? "check" : "copy"} />
      {label && <span>{said ?? label}</span>}
      <span className="visually-hidden" role="status">
        {said ? `${what} ${said}` : ""}
      </span>
    </button>
  );
}
