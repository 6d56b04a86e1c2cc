/** Every topic with its status and gist; choosing one shows it below. */
import { Link } from "@tanstack/react-router";
import { Ago } from "@/components/ago";
import { StatusShape } from "@/components/status";
import { useContextState, useFact } from "@/lib/context";
import { asObject } from "@/lib/json";
import { FIRST, statusOf, type Topic, topicsWith } from "@/lib/topics";

export function TopicStrip() {
  const ids = useContextState((state) => Object.keys(state.topics ?? {}).join("\n"));
  return (
    <nav className="topics" aria-label="Topics">
      {topicsWith(ids.split("\n").filter(Boolean)).map((topic) => (
        <TopicCard key={topic.id} topic={topic} />
      ))}
    </nav>
  );
}

function TopicCard({ topic }: { topic: Topic }) {
  const fact = useFact(topic.id);
  const status = statusOf(fact);
  const gist = fact?.value ? topic.summary(asObject(fact.value)) : "";
  return (
    <Link
      to="/"
      search={{ topic: topic.id === FIRST ? undefined : topic.id }}
      activeOptions={{ explicitUndefined: true }}
      resetScroll={false}
      className="topic"
      data-testid={`topic-${topic.id}`}
      title={topic.about}
    >
      <span className="topic-name">{topic.name}</span>
      <span className="topic-gist">{gist || "–"}</span>
      <span className="topic-status" data-status={status}>
        <StatusShape status={status} />
        <span className="word">{status}</span>
        {fact && (status === "ok" || status === "stale") && <Ago at={fact.observed_at} />}
      </span>
    </Link>
  );
}
