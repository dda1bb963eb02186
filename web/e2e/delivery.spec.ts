import { OUTCOMES } from '../src/ui/outcomes';
import { PASSWORD, enter, expect, test } from './stage';

/** Publishes a payload as it is spelled. */
async function publishText(stage: { token: string; merchant: string }, payload: string) {
  const answer = await fetch(`${process.env.HOOKYARD_URL}/v1/merchants/${stage.merchant}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${stage.token}` },
    body: `{"event_type":"PRODUCT_VIEWED","payload":${payload}}`,
  });
  expect(answer.status).toBe(202);
  return (await answer.json()) as { deliveries: { id: string }[] };
}

test('an attempt shows what was sent, what came back, and what to do', async ({ page, stage, receiver }) => {
  receiver.answer = { status: 503, body: 'busy' };
  await stage.endpoint(receiver.url);
  const { deliveries } = await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0].id}`);
  await expect(page.getByText('Attempt 1: not accepted')).toBeVisible();
  await expect(page.getByText('What to do:')).toBeVisible();
  const more = page.getByRole('link', { name: 'More about not accepted (opens in a new tab)' });
  await expect(more).toHaveAttribute('target', '_blank');
  await expect(more).toHaveAttribute('rel', 'noopener');
  await expect(more).toHaveAttribute('href', '/docs/outcomes/http_status');
  await expect(page.getByText('Kept until').locator('..').getByRole('time')).toHaveText(/\d{4}/);
  const request = page.getByRole('region', { name: 'Request' });
  await expect(request.getByText(receiver.url)).toBeVisible();
  const signature = request.getByRole('table', { name: 'Signature headers' });
  await expect(signature.getByRole('row', { name: /^webhook-signature v1,/ })).toBeVisible();
  await expect(signature.getByRole('row', { name: /^x-flexype-authorization …/ })).toBeVisible();
  await expect(request.getByRole('row', { name: 'content-type application/json' })).toBeVisible();
  const response = page.getByRole('region', { name: 'Response' });
  await expect(response.getByText('Status 503')).toBeVisible();
  await expect(response.getByRole('row', { name: 'content-type text/html' })).toBeVisible();
  await expect(response.getByRole('region', { name: 'Response body, as text' })).toHaveText('busy');
  await expect(page.getByRole('list', { name: 'Timings' })).toContainText('in all');
  await expect(page.getByText(/^Next attempt: in 1 hour/)).toBeVisible();
});

test('it is retried in place, and the first attempt stays to be seen', async ({ page, stage, receiver }) => {
  receiver.answer = { status: 500, body: 'out of order' };
  await stage.endpoint(receiver.url);
  await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await page.getByRole('link', { name: 'PRODUCT_VIEWED' }).click();
  await expect(page.getByRole('status', { name: 'Status' })).toHaveText(/retrying/);

  receiver.answer = { status: 200, body: '{"ok":true}' };
  await page.getByRole('button', { name: 'Retry now' }).click();
  await expect(page.getByRole('status', { name: 'Status' })).toHaveText(/succeeded/);
  await expect(page.getByText('Attempt 2: success')).toBeVisible();
  await expect(page.getByRole('link', { name: /^Attempt 2: answered 200 ?brought forward by you/ })).toBeVisible();
  await expect(page.getByText('Brought forward by you.')).toBeVisible();

  // The address says it all: a reload, and the login with it, comes back to the same.
  await page.getByRole('link', { name: /^Attempt 1: answered 500/ }).click();
  await page.reload();
  await expect(page.getByText('Attempt 1: not accepted')).toBeVisible();
  await expect(page.getByRole('link', { name: /^Attempt 1:/ })).toHaveAttribute('aria-current', 'true');

  // Of what has succeeded it is asked first.
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Send again what has succeeded?' });
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  await expect(dialog).toHaveCount(0);
  expect(receiver.requests).toBe(2);
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await expect(page.getByText('Attempt 3: success')).toBeVisible();
  await expect(page.getByRole('link', { name: /^Attempt 3: answered 200 ?by hand by you/ })).toBeVisible();
});

test('what waits is cancelled, and can be retried all the same', async ({ page, stage, receiver }) => {
  receiver.answer = { status: 500, body: '' };
  await stage.endpoint(receiver.url);
  const { deliveries } = await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0].id}`);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the delivery' }).click();
  await expect(page.getByRole('status', { name: 'Status' })).toHaveText(/cancelled/);
  await expect(page.getByText('Attempt 1: not accepted')).toBeVisible();
  receiver.answer = { status: 200, body: '' };
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await expect(page.getByRole('status', { name: 'Status' })).toHaveText(/succeeded/);
  await expect(page.getByText('The body is empty.')).toBeVisible();
});

test('whatever a receiver answers is text', async ({ page, stage, receiver }) => {
  // The fixture's bad inputs X05, X06 and X08, and names and values that would be mark-up.
  const bodies = [
    '<html><script>window.broken = true</script><img src=x onerror="window.broken = true"></html>',
    '<svg xmlns="http://www.w3.org/2000/svg" onload="window.broken = true"><script>window.broken = true</script></svg>',
  ];
  await stage.endpoint(`${receiver.url}?a="><img/src=x/onerror=window.broken=true>`);
  for (const body of bodies) {
    receiver.answer = { status: 500, body };
    const count = receiver.requests;
    const { deliveries } = await publishText(
      stage,
      '{"product_viewed":{"product_id":1,"</script><script>window.broken = true</script>":"</script><script>window.broken = true</script>"}}',
    );
    await expect.poll(() => receiver.requests).toBe(count + 1);
    await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0]!.id}`);
    await expect(page.getByRole('region', { name: 'Response body, as text' })).toHaveText(body);
    await expect(page.getByRole('treeitem', { name: /^<\/script>/ })).toBeVisible();
    expect(await page.evaluate(() => 'broken' in window)).toBe(false);
  }
});

test('a long answer is cut, and says so', async ({ page, stage, receiver }) => {
  receiver.answer = { status: 500, body: 'x'.repeat(40_000) };
  await stage.endpoint(receiver.url);
  const { deliveries } = await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0].id}`);
  await expect(page.getByText('longer than what is kept')).toBeVisible();
});

test('numbers keep every digit, in the tree, raw, and copied', async ({ page, stage, receiver, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const payload =
    '{"product_viewed":{"product_id":12345678901234567890,"price":247.50,"old":1E+2,"lines":[{"title":"Tea – חליטה"},{"title":"Cup"}]}}';
  await stage.endpoint(receiver.url);
  const { deliveries } = await publishText(stage, payload);
  await expect.poll(() => receiver.requests).toBe(1);
  await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0]!.id}`);
  const body = page.getByRole('group', { name: 'Request body' });
  await expect(body.getByRole('treeitem', { name: 'product_id: 12345678901234567890' })).toBeVisible();
  await expect(body.getByRole('treeitem', { name: 'price: 247.50' })).toBeVisible();
  await expect(body.getByRole('treeitem', { name: 'old: 1E+2' })).toBeVisible();

  await body.getByRole('button', { name: 'Fold all', exact: true }).click();
  await expect(body.getByRole('treeitem', { name: 'price: 247.50' })).toHaveCount(0);
  await body.getByRole('textbox', { name: 'Find in request body' }).fill('חליטה');
  await expect(body.getByText('1 of 1')).toBeVisible();
  await expect(body.getByRole('treeitem', { selected: true })).toHaveText(/חליטה/);
  await body.getByRole('button', { name: 'Copy path' }).click();
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toBe('$.payload.product_viewed.lines[0].title');
  await body.getByRole('textbox', { name: 'Find in request body' }).fill('product_id');
  await body.getByRole('button', { name: 'Copy value' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('12345678901234567890');

  await body.getByText('Raw', { exact: true }).click();
  await expect(body.getByRole('region', { name: 'Request body, raw' })).toContainText(payload);

  await page.getByRole('button', { name: 'Copy as cURL' }).click();
  await expect(page.getByText('Copied attempt 1 as cURL')).toBeVisible();
  const commands = await page.evaluate(() => navigator.clipboard.readText());
  expect(commands).toContain(payload);
  expect(commands).toContain(`'x-flexype-authorization: '"$SECRET"`);
});

test('an event is followed to its other endpoints', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  await stage.endpoint(`${receiver.url}/second`);
  const { deliveries } = await stage.publish();
  await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0].id}`);
  const others = page.getByRole('region', { name: 'Other deliveries of this event' });
  await others.getByRole('link', { name: 'All deliveries of this event in the log' }).click();
  await expect(page.getByRole('link', { name: 'PRODUCT_VIEWED' })).toHaveCount(2);
});

test('who may only look sees why there is no retry', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  const { deliveries } = await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0].id}`, await stage.person('viewer'), PASSWORD);
  const retry = page.getByRole('button', { name: 'Retry', exact: true });
  await expect(retry).toHaveAttribute('aria-disabled', 'true');
  await retry.focus();
  await expect(page.getByText('This takes the role developer; yours is viewer.')).toBeVisible();
  await page.goto(`/m/${stage.merchant}/deliveries/dlv_01h455vb4pex5vsknk084sn02q`);
  await expect(page.getByText(/^Deleted on Jul .* 2023, .*: this server keeps the log for 30 days\.$/)).toBeVisible();
  await page.goto(`/m/${stage.merchant}/deliveries/${deliveries[0].id.slice(0, -4)}0000`);
  await expect(page.getByText('There is no such delivery')).toBeVisible();
});

test('a body that is no longer there says since when, or why', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  const { deliveries } = await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await page.route('**/deliveries/*/attempts*', async (route) => {
    const answer = await route.fetch();
    const { data, ...rest } = await answer.json();
    const bare = data.map((attempt: object) => ({ ...attempt, request_body: null }));
    await route.fulfill({ response: answer, json: { ...rest, data: bare } });
  });
  const request = page.getByRole('region', { name: 'Request' });
  await enter(page, `/m/${stage.merchant}/deliveries/${deliveries[0].id}`);
  await expect(request.getByText('one of them is deleted')).toBeVisible();
  // What has just been taken in is old to a server that keeps nothing.
  await page.route('**/v1/me', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), log_kept_seconds: 1 } });
  });
  await page.reload();
  await expect(request.getByText(/^Deleted on .*\d.*: this server keeps the log for 1 second\.$/)).toBeVisible();
});

test('the server has a page about every outcome', async ({ request }) => {
  for (const outcome of Object.keys(OUTCOMES)) {
    const answer = await request.get(`/docs/outcomes/${outcome}`);
    expect(answer.status(), outcome).toBe(200);
  }
  expect((await request.get('/docs/outcomes')).status()).toBe(200);
});
