/** Moves the keyboard's focus over the rows of the list that has it, or of the first list. */

export function moveFocus(step: 1 | -1): void {
  const list =
    document.activeElement?.closest("[data-rows]") ??
    document.querySelector("main .pane [data-rows]") ??
    document.querySelector("main [data-rows]");
  const rows = [...(list?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next =
    at < 0 ? (rows.find((row) => row.matches("[aria-current=true]")) ?? rows[0]) : rows[at + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

export function focusFilter(): void {
  document.querySelector<HTMLInputElement>("#filter-text")?.focus();
}
