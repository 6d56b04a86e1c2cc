/** What a topic is and what makes it report: shown where it has nothing to say yet. */
import { Notice, Snippet } from "@/components/notice";
import { Said } from "@/components/said";
import type { Fact } from "@/lib/api";
import type { Topic } from "@/lib/topics";

export function TopicSetup({ topic, fact }: { topic: Topic; fact: Fact }) {
  const unconfigured = fact.status === "unconfigured";
  return (
    <Notice title={unconfigured ? `${topic.name} is not configured` : "Nothing is known yet"}>
      <p>{topic.about}</p>
      {unconfigured && fact.detail && (
        <p>
          <Said text={fact.detail} />
        </p>
      )}
      {unconfigured && <SetupSteps topic={topic} />}
    </Notice>
  );
}

/** The lines to write and the command to run. */
export function SetupSteps({ topic }: { topic: Topic }) {
  return (
    <>
      {topic.config && (
        <>
          <p>
            In <code>.ai-context/config.toml</code> of the repository:
          </p>
          <Snippet text={topic.config} what="configuration" />
        </>
      )}
      {topic.command && (
        <>
          <p>In the shell that starts Orchestra:</p>
          <Snippet text={topic.command} what="command" />
        </>
      )}
    </>
  );
}
