// Checks documents against schemas, as the load test does with results that it reads.

export { schemaProblems } from '../../src/loadtest/report/schema-problems.js'
