/** What runs here, where its doors are, and how an agent is connected. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Ago } from "@/components/ago";
import { CopyButton } from "@/components/copy-button";
import { Failure, Snippet } from "@/components/notice";
import { Page } from "@/components/page";
import { mcpConfig, mcpUrl } from "@/lib/agents";
import type { SystemStatus } from "@/lib/api";
import { logOut, meQuery, statusQuery } from "@/lib/queries";
import { setTheme, THEMES, useTheme } from "@/lib/theme";
import { plural } from "@/lib/topics";

export function AboutPage() {
  const status = useQuery(statusQuery);
  return (
    <Page title="About" about="This system, its doors, and how to connect an agent.">
      {status.error && <Failure error={status.error} retry={() => void status.refetch()} />}
      <Connect />
      {status.data && <System status={status.data} />}
      <section>
        <h2>Doors</h2>
        <dl className="fields doors">
          <Door name="MCP" url={mcpUrl()} />
          <Door name="Context" url={`${location.origin}/api/v1/context`} />
          <Door name="Context stream" url={`${location.origin}/api/v1/context/stream`} />
          <Door name="OpenAPI" url={`${location.origin}/api/v1/openapi.json`} />
        </dl>
      </section>
      <Appearance />
      <Session />
    </Page>
  );
}

function Connect() {
  return (
    <section>
      <h2>Connect an agent</h2>
      <p>
        Put this into <code>.mcp.json</code>. The key stays out of the file: the agent reads it from
        its environment.
      </p>
      <Snippet text={mcpConfig()} what="MCP config" />
      <p>Make a key for the agent, and give it to the shell that starts the agent:</p>
      <Snippet
        text={"orchestra keys create my-agent --scope context:read\nexport ORCHESTRA_KEY=orc_…"}
        what="commands"
      />
    </section>
  );
}

function System({ status }: { status: SystemStatus }) {
  return (
    <section>
      <h2>System</h2>
      <dl className="fields">
        <Field name="version">{status.version}</Field>
        <Field name="workspace">{status.workspace}</Field>
        <Field name="repository">
          <code className="wrap">{status.repository}</code>{" "}
          <CopyButton text={status.repository} what="repository path" />
        </Field>
        <Field name="started">
          <Ago at={status.started_at} />
        </Field>
        <Field name="collecting">
          {status.collecting ? "in this process" : "another process does it"}
        </Field>
        <Field name="database">
          {status.database.embedded ? "embedded" : "external"},{" "}
          {status.database.reachable ? "reachable" : "does not answer"},{" "}
          {plural(status.database.pending_migrations.length, "pending migration")}
        </Field>
        <Field name="event stream">
          <code className="wrap">{status.stream}</code> at change {status.seq.toLocaleString("en")}
        </Field>
      </dl>
    </section>
  );
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Door({ name, url }: { name: string; url: string }) {
  return (
    <Field name={name}>
      <code className="wrap">{url}</code> <CopyButton text={url} what={`${name} address`} />
    </Field>
  );
}

function Session() {
  const { data: me } = useQuery(meQuery);
  if (!me) return null;
  return (
    <section>
      <h2>Session</h2>
      <dl className="fields">
        <Field name="logged in as">
          {me.principal.name}, {me.principal.kind}
        </Field>
        <Field name="may">{me.scopes.join(", ")}</Field>
      </dl>
      <button type="button" className="button" onClick={() => void logOut()}>
        Log out
      </button>
    </section>
  );
}

function Appearance() {
  const theme = useTheme();
  return (
    <section>
      <h2>Appearance</h2>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div className="segments" role="group" aria-label="Theme">
        {THEMES.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === theme}
            onClick={() => setTheme(each)}
          >
            {each}
          </button>
        ))}
      </div>
    </section>
  );
}
