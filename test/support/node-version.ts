/** Stops the tests on other versions than Node 24, which runs the action. */
export default function checkNodeVersion(): void {
  if (!process.versions.node.startsWith('24.')) {
    throw new Error(
      `The tests need Node 24, not ${process.versions.node}: run "npm ci", then "npm test", which uses the one from the lock.`,
    )
  }
}
