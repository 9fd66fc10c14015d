/** Debian's Chromium, and how it is started: without sandbox (tests may run as root) and without any traffic of its own. */
export const CHROMIUM = '/usr/bin/chromium';
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
];
/** Where screenshots are kept, if anywhere. */
export const SHOTS = process.env.SVM_SIM_SCREENSHOTS;
