/** The command palette: type, choose with the arrows, Enter. */
import { useRouter } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState } from "react";
import { commands, search } from "@/app/commands";
import { Dialog } from "@/components/dialog";

export function Palette({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
  const router = useRouter();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [all] = useState(() => commands(router, onKeys));
  const found = search(all, text);
  const current = Math.min(at, found.length - 1);

  useEffect(() => {
    list.current?.children[current]?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const run = (index: number): void => {
    onClose();
    found[index]?.run();
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((current + step + found.length) % Math.max(found.length, 1));
    else if (event.key === "Enter") run(current);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label="Command palette" onClose={onClose} className="palette">
      <input
        autoFocus
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${current}` : undefined}
        aria-autocomplete="list"
        placeholder="Page, topic or action"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id={`${id}-list`} aria-label="Commands" ref={list}>
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the keys are the field's
          <div
            key={`${command.group} ${command.name}`}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === current}
            onClick={() => run(index)}
            onPointerMove={() => setAt(index)}
          >
            <span>{command.name}</span>
            <span className="quiet">{command.group}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="quiet empty">Nothing has that name.</p>}
    </Dialog>
  );
}
