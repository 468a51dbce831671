// The WebSocket to the local Discord, as one person at a time. It reconnects by itself.

const RETRY = 1000; // milliseconds

export class Connection {
  /** `heard(frame)` receives each frame; `lost()` is called when the demo cannot be reached. */
  constructor(person, heard, lost) {
    this.person = person;
    this.heard = heard;
    this.lost = lost;
    this.waiting = new Map();
    this.counter = 0;
  }

  open() {
    clearTimeout(this.retry);
    const as = this.person ? `?as=${encodeURIComponent(this.person)}` : "";
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/page/socket${as}`);
    this.socket = socket;
    socket.onmessage = ({ data }) => socket === this.socket && this.receive(JSON.parse(data));
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.giveUp();
      this.lost();
      this.retry = setTimeout(() => this.open(), RETRY);
    };
  }

  become(person) {
    const before = this.socket;
    this.person = person;
    this.giveUp();
    this.open();
    before?.close();
  }

  receive(frame) {
    this.waiting.get(frame.nonce)?.(frame);
    this.waiting.delete(frame.nonce);
    this.heard(frame);
  }

  /** Sends a frame and returns its answer; FAILED with the reason `lost` if the connection is lost. */
  ask(op, fields) {
    const nonce = String(++this.counter);
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.resolve({ t: "FAILED", d: { reason: "lost" } });
    this.socket.send(JSON.stringify({ op, nonce, ...fields }));
    return new Promise((resolve) => this.waiting.set(nonce, resolve));
  }

  giveUp() {
    for (const resolve of this.waiting.values()) resolve({ t: "FAILED", d: { reason: "lost" } });
    this.waiting.clear();
  }
}
