/** A panel beside a list: the list stays, next and previous go through it. */
import { type ReactNode, useEffect, useRef } from "react";
import { Icon } from "@/components/icon";
import { useShortcuts } from "@/lib/shortcuts";

interface Props {
  title: ReactNode;
  label: string;
  onClose: () => void;
  /** Undefined: there is none in that direction. */
  onNext: (() => void) | undefined;
  onPrevious: (() => void) | undefined;
  children: ReactNode;
}

export function SidePanel({ title, label, onClose, onNext, onPrevious, children }: Props) {
  const panel = useRef<HTMLElement>(null);
  useShortcuts({ ...(onNext && { j: onNext }), ...(onPrevious && { k: onPrevious }) });
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <aside ref={panel} tabIndex={-1} className="panel" aria-label={label} data-testid="panel">
      <div className="panel-head">
        <span className="grow quiet">{label}</span>
        <Step icon="up" name="Previous" act={onPrevious} />
        <Step icon="down" name="Next" act={onNext} />
        <button
          type="button"
          className="icon-button"
          aria-label="Close"
          title="Close (Esc)"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <h2>{title}</h2>
      {children}
    </aside>
  );
}

function Step({
  icon,
  name,
  act,
}: {
  icon: "up" | "down";
  name: string;
  act?: (() => void) | undefined;
}) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={name}
      title={name}
      disabled={!act}
      onClick={act}
    >
      <Icon name={icon} />
    </button>
  );
}
