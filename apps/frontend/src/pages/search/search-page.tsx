/** Finds code, and gathers the context for a task; both ask the code index. */
import { Page } from "@/components/page";
import { useShortcuts } from "@/lib/shortcuts";
import { focusFilter, moveFocus } from "@/pages/context/focus";
import { Ask } from "@/pages/search/ask";
import { Find } from "@/pages/search/find";
import { IndexLine } from "@/pages/search/index-line";
import { PackView } from "@/pages/search/pack-view";
import { useCodeSearch } from "@/pages/search/search";

export function SearchPage() {
  const [search, go] = useCodeSearch();
  useShortcuts({ j: () => moveFocus(1), k: () => moveFocus(-1), "/": focusFilter });
  const packing = search.mode === "pack";
  const mode = (name: string, chosen: boolean, value: "pack" | undefined) => (
    <button type="button" aria-pressed={chosen} onClick={() => go({ mode: value })}>
      {name}
    </button>
  );
  return (
    <Page
      title="Search"
      about="The code as it is on disk now, found by words, names, past commits and what belongs together."
      actions={
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form's fields
        <div className="segments" role="group" aria-label="Mode">
          {mode("Find code", !packing, undefined)}
          {mode("Context for a task", packing, "pack")}
        </div>
      }
    >
      <div className="code-ask">
        <Ask />
        <IndexLine />
      </div>
      {packing ? <PackView /> : <Find />}
    </Page>
  );
}
