/** Routes and their targets, in the order in which they are asked: price and health. */
import { StatusShape } from "@/components/status";
import type { Models, ModelTarget } from "@/lib/api";
import { health, money } from "@/lib/models";
import { visible } from "@/lib/text";

export function Targets({ models }: { models: Models }) {
  return (
    <section aria-label="Routes">
      <h2>Routes</h2>
      {models.routes.map((route) => (
        <div key={route.name}>
          <h3>
            {visible(route.name)} <span className="quiet">{callers(models, route.name)}</span>
          </h3>
          <ul className="rows" aria-label={`Targets of ${route.name}`}>
            {route.targets.map((target) => (
              <Target key={`${target.provider}/${target.model}`} target={target} />
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

/** What a client writes to take a route. */
function callers(models: Models, route: string): string {
  const names = Object.entries(models.models).filter(([, to]) => to === route);
  return names.map(([name]) => visible(name)).join(", ");
}

function Target({ target }: { target: ModelTarget }) {
  const { status, says } = health(target);
  return (
    <li data-testid="target">
      <div data-row>
        <div className="row-head">
          <span className="status" data-status={status}>
            <StatusShape status={status} />
            {says}
          </span>
          <b>
            {target.provider}/{visible(target.model)}
          </b>
          <span className="amount quiet" title={target.price?.origin}>
            {target.price === null
              ? target.state !== "absent" && "price unknown"
              : `${money(target.price.input)} in, ${money(target.price.output)} out, per million tokens`}
          </span>
        </div>
      </div>
    </li>
  );
}
