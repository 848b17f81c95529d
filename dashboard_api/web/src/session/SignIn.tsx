import { Alert, Button, Code, PasswordInput, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { FormEvent } from "react";
import { ApiError } from "../api/client";
import { useSignIn } from "./queries";

/** Asks for a token, where figures are only shown to those who have one. */
export function SignIn() {
  const [token, setToken] = useState("");
  const signIn = useSignIn();

  function submit(event: FormEvent) {
    event.preventDefault();
    signIn.mutate(token.trim());
  }

  return (
    <form onSubmit={submit}>
      <Stack maw={480} mx="auto" my="xl">
        <h1>Sign in</h1>
        <Text size="sm">
          These figures are shown to those who have a token. Whoever runs Timesplit makes one with{" "}
          <Code>timesplit token create NAME --scope read</Code>.
        </Text>
        <PasswordInput
          label="Token"
          required
          autoComplete="current-password"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
        {signIn.error !== null && (
          <Alert color="red" role="alert">
            {refusalOf(signIn.error)}
          </Alert>
        )}
        <Button type="submit" loading={signIn.isPending} disabled={token.trim() === ""}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

function refusalOf(error: Error): string {
  if (error instanceof ApiError && error.status === 401) {
    return "This is not a token that may read: it is misspelt, was revoked, or is for sending only.";
  }
  return error instanceof ApiError
    ? error.message
    : "This cannot be sent as a token, or the dashboard does not answer.";
}
