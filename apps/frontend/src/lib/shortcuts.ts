/** Keyboard shortcuts: single keys that act unless the reader is typing. */
import { useEffect, useRef } from "react";

export type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

/** Every shortcut of the product, as the help lists them. */
export const SHORTCUTS: readonly (readonly [keys: string, does: string])[] = [
  ["Ctrl K or ⌘ K", "Command palette: every page, topic and action"],
  ["?", "This list"],
  ["j / k", "Next / previous row; in a panel: next / previous item"],
  ["Enter", "Open the row"],
  ["Esc", "Close the panel or dialog"],
  ["/", "Filter the list, or to the field of the search"],
  ["Ctrl Enter or ⌘ Enter", "Send a task of several lines"],
  ["r", "Raw JSON of the topic, and back"],
  ["t", "Theme: system, light, dark"],
];

/** Binds keys for as long as the component is shown. `mod+k` is Ctrl K or ⌘ K. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const mod = event.ctrlKey || event.metaKey;
      const name = mod ? `mod+${event.key.toLowerCase()}` : event.key;
      const act = latest.current[name];
      if (!act || event.altKey || event.defaultPrevented) return;
      if (!mod && (isTyping(event.target) || document.querySelector("dialog[open]"))) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}
