// Signs bodies as the provider does: a line of JSON {body, secret, timestamp} in, the value of
// Stripe-Signature out, a line each, until the input ends. With {body, secret, header} it holds the header
// against the body by the library's own receiving side, and answers with the event's id.
import { createInterface } from "node:readline";
import Stripe from "stripe";

const stripe = new Stripe("sk_test_of_the_tests");

function answer({ body, secret, timestamp, header }) {
  if (header === undefined)
    return stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
  try {
    return stripe.webhooks.constructEvent(body, header, secret).id;
  } catch {
    return "refused";
  }
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(answer(JSON.parse(line)) + "\n");
