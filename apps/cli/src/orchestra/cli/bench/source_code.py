"""Writes functions and whole files of made-up code in several languages."""

from collections.abc import Sequence
from string import Template

from orchestra.cli.bench.vocabulary import Words, camel, pascal, snake

Name = tuple[str, ...]

_FUNCTIONS = {
    "py": Template('''def $snake($one: str, $two: int = $number) -> dict[str, int]:
    """$sentence."""
    $three = {"$one": len($one), "$two": $two}
    if $two > $number:
        raise ValueError(f"the $four of {$one} is not ready")
    for position, item in enumerate(sorted($three)):
        $three[item] += position * $number
        logger.debug("$four %s at %d", item, position)
    return $three
'''),
    "ts": Template("""/** $sentence. */
export async function $camel($one: string, $two = $number): Promise<Record<string, number>> {
  const $three: Record<string, number> = { $one: $one.length, $two };
  if ($two > $number) {
    throw new Error(`the $four of $${$one} is not ready`);
  }
  for (const [position, item] of Object.keys($three).sort().entries()) {
    $three[item] += position * $number;
    await log.debug("$four", item, position);
  }
  return $three;
}
"""),
    "go": Template("""// $pascal: $sentence.
func $pascal(ctx context.Context, $one string, $two int) (map[string]int, error) {
	$three := map[string]int{"$one": len($one), "$two": $two}
	if $two > $number {
		return nil, fmt.Errorf("the $four of %s is not ready", $one)
	}
	for item := range $three {
		$three[item] += $number
		slog.DebugContext(ctx, "$four", "item", item)
	}
	return $three, nil
}
"""),
    "rs": Template("""/// $sentence.
pub fn $snake($one: &str, $two: usize) -> Result<HashMap<String, usize>, Error> {
    let mut $three = HashMap::from([("$one".to_string(), $one.len())]);
    if $two > $number {
        return Err(Error::new(format!("the $four of {} is not ready", $one)));
    }
    for (item, value) in $three.iter_mut() {
        *value += $number;
        tracing::debug!(%item, "$four");
    }
    Ok($three)
}
"""),
    "java": Template("""    /** $sentence. */
    public Map<String, Integer> $camel(String $one, int $two) {
        Map<String, Integer> $three = new TreeMap<>(Map.of("$one", $one.length()));
        if ($two > $number) {
            throw new IllegalStateException("the $four of " + $one + " is not ready");
        }
        for (String item : $three.keySet()) {
            $three.merge(item, $number, Integer::sum);
            log.debug("$four {}", item);
        }
        return $three;
    }
"""),
}
_HEADS = {
    "py": '"""$sentence."""\n\nimport logging\n$imports\n\nlogger = logging.getLogger(__name__)\n\n\n',
    "ts": 'import { log } from "@app/log";\n$imports\n\n',
    "go": 'package $package\n\nimport (\n\t"context"\n\t"fmt"\n\t"log/slog"\n$imports\n)\n\n',
    "rs": "//! $sentence.\nuse std::collections::HashMap;\n$imports\n\n",
    "java": "package $package;\n\nimport java.util.*;\n$imports\n\npublic class $type {\n",
}
ENDINGS = tuple(_FUNCTIONS)


def write_function(words: Words, ending: str, name: Name) -> str:
    """One function of some ten lines."""
    one, two, three, four = (words.noun() for _ in range(4))
    return _FUNCTIONS[ending].substitute(
        snake=snake(name),
        camel=camel(name),
        pascal=pascal(name),
        sentence=words.sentence(),
        one=f"{one}_in",
        two=f"{two}_limit",
        three=f"{three}_out",
        four=four,
        number=words.random.randrange(2, 999),
    )


def write_file(words: Words, path: str, names: Sequence[Name], imported: Sequence[str]) -> str:
    """A file that defines functions of these names and imports other files."""
    ending = path.rpartition(".")[2]
    head = Template(_HEADS[ending]).substitute(
        sentence=words.sentence(),
        package=path.split("/")[-2],
        type=pascal(tuple(path.rpartition("/")[2].partition(".")[0].split("_"))),
        imports="\n".join(_import(ending, other) for other in imported),
    )
    gap = "\n\n" if ending == "py" else "\n"
    body = gap.join(write_function(words, ending, name) for name in names)
    return head + body + ("}\n" if ending == "java" else "")


def _import(ending: str, path: str) -> str:
    module = path.rpartition(".")[0]
    dotted = module.replace("/", ".")
    name = module.rpartition("/")[2]
    return {
        "py": f"from {dotted.rpartition('.')[0]} import {name}",
        "ts": f'import * as {name} from "@app/{module}";',
        "go": f'\t"example.org/app/{module.rpartition("/")[0]}"',
        "rs": f"use crate::{module.replace('/', '::')};",
        "java": f"import {dotted};",
    }[ending]
