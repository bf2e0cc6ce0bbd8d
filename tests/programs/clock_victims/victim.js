// Reads the clocks by every route that Node.js has ("read": NAME VALUE MONOTONIC), or sleeps 200 ms by every route
// ("sleep": NAME NANOSECONDS).
const SPAN = 200;
const steady = () => process.hrtime.bigint();
const ofMilliseconds = (value) => BigInt(Math.round(value * 1000)) * 1000n;

const readings = {
  "Date.now": () => ofMilliseconds(Date.now()),
  "new-Date": () => ofMilliseconds(new Date().getTime()),
  "Intl": () => BigInt(Date.parse(new Date().toISOString())) * 1000000n,
};
const sleeps = {
  "setTimeout": () => new Promise((done) => setTimeout(done, SPAN)),
  "timers/promises": () => require("timers/promises").setTimeout(SPAN),
  "setInterval": () => new Promise((done) => {
    const timer = setInterval(() => (clearInterval(timer), done()), SPAN);
  }),
  "Atomics.wait": async () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SPAN),
};

(async () => {
  if (process.argv[2] === "read") {
    for (const [name, read] of Object.entries(readings)) {
      const before = steady();
      console.log(name, read().toString(), before.toString());
    }
  } else {
    for (const [name, sleep] of Object.entries(sleeps)) {
      const start = steady();
      await sleep();
      console.log(name, (steady() - start).toString());
    }
  }
})();
