/** The keys that open this system: list, make, revoke. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Ago } from "@/components/ago";
import { Failure, Notice, Snippet } from "@/components/notice";
import { Page } from "@/components/page";
import type { Key } from "@/lib/api";
import { keysQuery } from "@/lib/queries";
import { visible } from "@/lib/text";
import { CreateKey } from "@/pages/keys/create-key";
import { RevokeKey } from "@/pages/keys/revoke-key";

export function KeysPage() {
  const keys = useQuery(keysQuery);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  return (
    <Page
      title="Keys"
      about="Each agent, person and service has its own key, and can be shut out alone."
      actions={
        <button type="button" className="button primary" onClick={() => setCreating(true)}>
          Create key
        </button>
      }
    >
      {keys.error && <Failure error={keys.error} retry={() => void keys.refetch()} />}
      {keys.data && <KeyTable keys={keys.data.keys} onRevoke={setRevoking} />}
      {creating && <CreateKey onClose={() => setCreating(false)} />}
      {revoking && <RevokeKey target={revoking} onClose={() => setRevoking(null)} />}
    </Page>
  );
}

function KeyTable({ keys, onRevoke }: { keys: readonly Key[]; onRevoke: (key: Key) => void }) {
  if (keys.length === 0) {
    return (
      <Notice title="There are no keys">
        <p>A key lets an agent or person in. Create one here, or in a terminal:</p>
        <Snippet text="orchestra keys create my-agent --scope context:read" what="command" />
      </Notice>
    );
  }
  return (
    <ul className="keys" aria-label="Keys">
      {keys.map((key) => (
        <li key={key.id} data-revoked={key.revoked_at !== null} data-testid="key">
          <div className="key-name">
            <b>{visible(key.name)}</b>
            <span className="quiet">{key.kind}</span>
            <code className="quiet">orc_{key.id}_…</code>
          </div>
          <div className="key-scopes">
            {key.scopes.map((scope) => (
              <span key={scope} className="tag">
                {scope}
              </span>
            ))}
          </div>
          <div className="key-times quiet">
            <Ago at={key.created_at} label="made" />
            {key.last_used_at ? (
              <Ago at={key.last_used_at} label="used" />
            ) : (
              <span>never used</span>
            )}
            <Expiry at={key.expires_at} />
          </div>
          {key.revoked_at ? (
            <Ago at={key.revoked_at} label="revoked" />
          ) : (
            <button type="button" className="button small" onClick={() => onRevoke(key)}>
              Revoke…
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function Expiry({ at }: { at: string | null }) {
  if (at === null) return <span>does not expire</span>;
  const over = Date.parse(at) < Date.now();
  return (
    <time dateTime={at}>
      {over ? "expired" : "expires"} {new Date(at).toLocaleDateString()}
    </time>
  );
}
