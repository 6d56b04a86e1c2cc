/** What is searched for, and which notes are shown; all of it is in the address. */
import { Icon } from "@/components/icon";
import { KINDS, type MemorySearch, SCOPES, STATES } from "@/lib/memory";
import { visible } from "@/lib/text";
import { useMemorySearch } from "@/pages/memory/search";

export function Filters() {
  const [search, go] = useMemorySearch();
  return (
    // biome-ignore lint/a11y/useSemanticElements: not every DOM knows <search> yet
    <div className="row-filters" role="search" aria-label="Notes">
      <input
        id="filter-text"
        type="search"
        aria-label="Search notes"
        placeholder="What do you want to know?  /"
        maxLength={1000}
        value={search.q ?? ""}
        onChange={(event) => go({ q: event.target.value || undefined }, { replace: true })}
      />
      <Choice name="Kind" all="all kinds" of={KINDS} field="kind" />
      <Choice name="Scope" all="all scopes" of={SCOPES} field="scope" />
      <Choice name="State" of={STATES} field="state" />
      {search.tag !== undefined && <Chosen text={`#${search.tag}`} field="tag" />}
      {search.path !== undefined && <Chosen text={search.path} field="path" />}
    </div>
  );
}

interface ChoiceProps {
  name: string;
  /** The word for not choosing; without it the first choice is what is not in the address. */
  all?: string;
  of: readonly string[];
  field: "kind" | "scope" | "state";
}

function Choice({ name, all, of, field }: ChoiceProps) {
  const [search, go] = useMemorySearch();
  const choose = (value: string): void => {
    const chosen = value === "" || (!all && value === of[0]) ? undefined : value;
    go({ [field]: chosen } as MemorySearch);
  };
  return (
    <select
      aria-label={name}
      value={search[field] ?? (all ? "" : of[0])}
      onChange={(event) => choose(event.target.value)}
    >
      {all && <option value="">{all}</option>}
      {of.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

function Chosen({ text, field }: { text: string; field: "tag" | "path" }) {
  const [, go] = useMemorySearch();
  return (
    <span className="tag">
      <bdi>{visible(text)}</bdi>
      <button
        type="button"
        className="icon-button"
        aria-label={`Show notes without ${field} ${visible(text)} too`}
        onClick={() => go({ [field]: undefined })}
      >
        <Icon name="close" />
      </button>
    </span>
  );
}
