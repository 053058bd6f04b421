// Runs the suite against the cache at argv[2] and prints one JSON array: per
// test its kind, the suite's own verdict, and what it says of a failure. It
// runs in the suite's directory, whose modules do all the work. With argv[3],
// only the test of that id runs, and the exchange is printed before the array.

const load = path => import(new URL(path, `file://${process.cwd()}/`))

const { runTests, getResults } = await load('client/runner.mjs')
const { determineTestResult } = await load('lib/display.mjs')
const { default: fetch } = await load('node_modules/node-fetch/lib/index.mjs')
  .catch(() => load('../node-fetch/lib/index.mjs')) // npm put it beside the suite
const { default: suites } = await load('tests/index.mjs')
const { default: surrogate } = await load('tests/surrogate-control.mjs')
suites.push(surrogate)

const [base, only] = process.argv.slice(2)
const chosen = suites
  .map(suite => ({ ...suite, tests: suite.tests.filter(test => !only || test.id === only) }))
  .filter(suite => suite.tests.length > 0)
if (only) chosen.forEach(suite => suite.tests.forEach(test => { test.dump = true }))

await runTests(chosen, fetch, false, base)

const results = getResults()
console.log(JSON.stringify(chosen.flatMap(suite => suite.tests
  .filter(test => test.id in results)
  .map(test => ({
    suite: suite.id,
    id: test.id,
    name: test.name,
    kind: test.kind ?? 'required',
    verdict: determineTestResult(suites, test.id, results, !only)[2],
    detail: results[test.id] === true ? '' : results[test.id].join(': ')
  })))))
