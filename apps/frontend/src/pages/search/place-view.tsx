/** One place of the code: its lines, what is defined there, and what speaks for it. */
import { useId, useState } from "react";
import { CopyButton } from "@/components/copy-button";
import { Icon } from "@/components/icon";
import type { Place } from "@/lib/api";
import { visible, visibleLines } from "@/lib/text";
import { Why } from "@/pages/search/why";

const SHORT = 12; // lines that are shown before anyone asks for more

export function PlaceView({ place }: { place: Place }) {
  const [whole, setWhole] = useState(false);
  const id = useId();
  const lines = visibleLines(place.text.replace(/\n$/, "")).split("\n");
  // One line too many is not worth a button.
  const cut = lines.length > SHORT + 1;
  const shown = whole || !cut ? lines : lines.slice(0, SHORT);
  const toggle = (): void => setWhole(!whole);
  return (
    <li className="place" data-testid="place">
      <div className="place-head">
        <button
          type="button"
          data-row
          className="place-path"
          aria-expanded={cut ? whole : undefined}
          aria-controls={id}
          onClick={toggle}
        >
          <bdi>{visible(place.path)}</bdi>
          <span className="quiet">
            :{place.start}-{place.end}
          </span>
        </button>
        <CopyButton text={place.path} what="path" />
      </div>
      {place.symbols.length > 0 && (
        <p className="place-symbols">
          {place.symbols.map((symbol) => (
            <code key={symbol}>{visible(symbol)}</code>
          ))}
        </p>
      )}
      <pre id={id} className="excerpt" data-testid="excerpt">
        {shown.map((line, index) => {
          const number = place.start + index;
          return (
            <span key={number} data-line={number}>
              {line}
              {"\n"}
            </span>
          );
        })}
      </pre>
      {cut && (
        <button type="button" className="place-more" onClick={toggle}>
          <Icon name={whole ? "up" : "down"} />
          {whole ? "Show fewer lines" : `${lines.length - SHORT} more lines`}
        </button>
      )}
      <Why reasons={place.why} />
    </li>
  );
}
