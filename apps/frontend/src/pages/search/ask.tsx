/** What is asked: words for a search, or a task and its budget. Sent, it is in the address. */
import { useRef, useState } from "react";
import { count, thousands } from "@/lib/pack";
import { queries } from "@/lib/queries";
import { BUDGETS, budgetOf, CODE, codeSearch, longest } from "@/lib/search";
import { useShortcuts } from "@/lib/shortcuts";
import { useCodeSearch } from "@/pages/search/search";

export function Ask() {
  const [search, go] = useCodeSearch();
  const [text, setText] = useDraft(search.q ?? "");
  const [under, setUnder] = useDraft(search.under ?? "");
  const form = useRef<HTMLFormElement>(null);
  useShortcuts({ "mod+enter": () => form.current?.requestSubmit() });
  const packing = search.mode === "pack";
  const most = longest(search);
  const tooLong = text.length > most;
  const send = (): void => {
    const { q, under: below } = codeSearch({ q: text, under });
    if (q === undefined || tooLong) return;
    if (q === search.q && below === search.under) void queries.resetQueries(CODE);
    else go({ q, under: below, limit: undefined });
  };
  return (
    <form
      ref={form}
      className="code-form"
      data-mode={packing ? "pack" : "find"}
      aria-label={packing ? "Context for a task" : "Find code"}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {packing ? (
        <textarea
          id="filter-text"
          aria-label="Task"
          placeholder="What is to be done? The first line counts most."
          rows={4}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      ) : (
        <>
          <input
            id="filter-text"
            type="search"
            aria-label="Search the code"
            placeholder="What does the code do, or what is it called?  /"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <input
            className="code-under"
            aria-label="Only under this path"
            placeholder="under: src/"
            maxLength={500}
            spellCheck={false}
            autoCapitalize="none"
            value={under}
            onChange={(event) => setUnder(event.target.value)}
          />
        </>
      )}
      {packing && <Budget />}
      <button type="submit" className="button primary" disabled={!text.trim() || tooLong}>
        {packing ? "Gather context" : "Find"}
      </button>
      {tooLong && (
        <p className="quiet code-long" role="alert">
          {count(text.length)} characters; at most {count(most)} are asked here.
          {packing && (
            <>
              {" "}
              A longer task: <code>orchestra pack - &lt; task.md</code>
            </>
          )}
        </p>
      )}
    </form>
  );
}

function Budget() {
  const [search, go] = useCodeSearch();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form's fields
    <div className="segments" role="group" aria-label="Budget in tokens">
      {BUDGETS.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === budgetOf(search)}
          title={`At most ${count(each)} tokens`}
          onClick={() => go(codeSearch({ ...search, budget: each }))}
        >
          {thousands(each)}
        </button>
      ))}
    </div>
  );
}

/** What is being typed; it follows the address when that changes. */
function useDraft(sent: string): [draft: string, set: (text: string) => void] {
  const [draft, setDraft] = useState(sent);
  const [from, setFrom] = useState(sent);
  if (from !== sent) {
    setFrom(sent);
    setDraft(sent);
  }
  return [draft, setDraft];
}
