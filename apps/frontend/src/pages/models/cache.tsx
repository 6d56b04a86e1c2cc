/** What kept answers did since the process started. */
import type { ModelCache } from "@/lib/api";
import { money } from "@/lib/models";
import { visible } from "@/lib/text";

export function CacheFigures({ cache }: { cache: ModelCache }) {
  const hits = cache.exact_hits + cache.semantic_hits;
  const rate = cache.lookups > 0 ? `${Math.round((100 * hits) / cache.lookups)} %` : "none yet";
  return (
    <section aria-label="Kept answers">
      <h2>Kept answers</h2>
      <dl className="fields">
        <Field name="hit rate">
          {rate} ({hits} of {cache.lookups.toLocaleString("en")}: {cache.exact_hits} the same,{" "}
          {cache.semantic_hits} alike)
        </Field>
        <Field name="saved">{money(cache.saved)}</Field>
        <Field name="the same question">
          {cache.exact ? "on" : "off"}, {cache.entries.toLocaleString("en")} answers
        </Field>
        <Field name="a question like it">{visible(cache.semantic)}</Field>
        <Field name="checks">
          {cache.shadow_checks} near answers were checked, {cache.shadow_false} were false
        </Field>
      </dl>
    </section>
  );
}

function Field({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
