// A merchant's receiver as FlexyPe's "Webhooks overview" tells merchants to write it, with one thing added: it
// says on standard output where it listens and what it did, so that a test can read it.
import express from 'express';

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const app = express();
app.use(express.json());

const WEBHOOK_SECRET = process.env.FLEXYPE_WEBHOOK_SECRET;
// How many acknowledgements are lost on the way, to make the sender repeat itself.
let losses = Number(process.env.LOSSES ?? 0);
const processedEvents = new Set(); // Use a database in production

app.post('/webhook', (req, res) => {
  // 1. Verify the request is from FlexyPe
  const incoming = req.headers['x-flexype-authorization'];
  if (incoming !== WEBHOOK_SECRET) {
    say({ did: 'refused' });
    return res.status(401).send('Unauthorized');
  }

  // 2. Acknowledge receipt immediately
  const eventId = req.headers['x-event-id'];
  if (losses > 0) {
    losses -= 1;
    res.socket.destroy();
  } else {
    res.status(200).json({ received: true });
  }

  // 3. Deduplicate retried deliveries
  if (processedEvents.has(eventId)) {
    say({ did: 'deduplicated', event_id: eventId });
    return;
  }
  processedEvents.add(eventId);

  // 4. Process asynchronously
  setImmediate(() => {
    const { event_type, event_time, event_id } = req.body;
    say({ did: 'processed', event_id, event_type, event_time });
  });
});

const server = app.listen(0, '127.0.0.1', () => say({ did: 'listened', port: server.address().port }));
// The test that started us holds our input: when it ends in any way, so do we.
process.stdin.on('end', () => process.exit()).resume();
