/** Where the context comes from: each source, how it is, and what it needs. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ago } from "@/components/ago";
import { Failure } from "@/components/notice";
import { Page } from "@/components/page";
import { Said } from "@/components/said";
import { Status } from "@/components/status";
import { SetupSteps } from "@/components/topic-setup";
import type { SystemStatus } from "@/lib/api";
import { useContextState, useFact } from "@/lib/context";
import { statusQuery } from "@/lib/queries";
import { visible } from "@/lib/text";
import { statusOf, type Topic, topicsWith } from "@/lib/topics";

type Source = SystemStatus["sources"][number];

export function SourcesPage() {
  const status = useQuery({ ...statusQuery, refetchInterval: 15_000 });
  const ids = useContextState((state) => Object.keys(state.topics ?? {}).join("\n"));
  return (
    <Page
      title="Sources"
      about="Each topic of the context has one source. What a source says is on the context page."
    >
      {status.error && <Failure error={status.error} retry={() => void status.refetch()} />}
      <ul className="sources">
        {topicsWith(ids.split("\n").filter(Boolean)).map((topic) => (
          <SourceCard
            key={topic.id}
            topic={topic}
            source={status.data?.sources.find((each) => each.topic === topic.id)}
          />
        ))}
      </ul>
    </Page>
  );
}

function SourceCard({ topic, source }: { topic: Topic; source: Source | undefined }) {
  const fact = useFact(topic.id);
  const checked = useContextState((state) => state.checked[topic.id]) ?? source?.checked_at;
  const status = statusOf(fact);
  const detail = fact?.detail ?? source?.detail;
  return (
    <li className="card" data-testid={`source-${topic.id}`}>
      <div className="card-head">
        <h2>
          <Link to="/" search={{ topic: topic.id }}>
            {topic.name}
          </Link>
        </h2>
        <Status status={status} />
      </div>
      <p>{topic.about}</p>
      <p className="provenance">
        {fact?.source && <span>{visible(fact.source)}</span>}
        {fact && status !== "unconfigured" && <Ago at={fact.observed_at} label="changed" />}
        {checked && !(fact && checked < fact.observed_at) && <Ago at={checked} label="checked" />}
      </p>
      {detail && (
        <p className="detail" data-status={status}>
          <Said text={detail} />
        </p>
      )}
      {topic.command && (
        <details open={status === "unconfigured"}>
          <summary>What to configure</summary>
          <SetupSteps topic={topic} />
        </details>
      )}
    </li>
  );
}
