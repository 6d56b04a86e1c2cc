/** Checks the whole audit: each row against the one before, and against the heads kept elsewhere. */
import { useMutation } from "@tanstack/react-query";
import { api } from "@/lib/api";
import { visible } from "@/lib/text";

export function Verify() {
  const verify = useMutation({ mutationFn: api.verifyAudit });
  return (
    <div className="row">
      {verify.data && (
        <output className="outcome" data-tone={verify.data.intact ? "good" : "bad"}>
          {verify.data.intact
            ? `intact: ${verify.data.checked.toLocaleString("en")} rows`
            : visible(verify.data.reason)}
        </output>
      )}
      {verify.error && (
        <span className="outcome" data-tone="bad" role="alert">
          {visible(verify.error.message)}
        </span>
      )}
      <button
        type="button"
        className="button"
        disabled={verify.isPending}
        onClick={() => verify.mutate()}
      >
        Verify
      </button>
    </div>
  );
}
