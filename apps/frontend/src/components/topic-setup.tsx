/** What a topic is and what makes it report: shown where it has nothing to say yet. */
import { Notice, Snippet } from "@/components/notice";
import { Said } from "@/components/said";
import type { Fact } from "@/lib/api";
import type { Topic } from "@/lib/topics";

export function TopicSetup({ topic, fact }: { topic: Topic; fact: Fact }) {
  const unconfigured = fact.status === "unconfigured";
  return (
    <Notice title={unconfigured ? `${topic.name}: not configured` : "Nothing is known yet"}>
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

/** The command to run and the lines to write. */
export function SetupSteps({ topic }: { topic: Topic }) {
  return (
    <>
      {topic.command && (
        <>
          <p>
            In the shell, before <code>orchestra up</code>:
          </p>
          <Snippet text={topic.command} what="command" />
        </>
      )}
      {topic.config && (
        <>
          <p>
            In <code>.ai-context/config.toml</code> of the repository:
          </p>
          <Snippet text={topic.config} what="configuration" />
        </>
      )}
    </>
  );
}
