import { Alert, Button, Text } from "@mantine/core";
import { ApiError } from "../api/client";

interface FailureProps {
  error: Error;
  onRetry: () => void;
  /** Whether older figures are still on the page. */
  isStale?: boolean;
}

/** What went wrong, in the API's own words, and a way to ask again. */
export function Failure({ error, onRetry, isStale = false }: FailureProps) {
  const title = error instanceof ApiError ? error.title : "The page failed";
  return (
    <Alert color="red" title={title} role="alert" my="md">
      <Text size="sm" mb="sm">
        {error.message}
        {isStale && " The figures below are from before."}
      </Text>
      <Button size="xs" variant="default" onClick={onRetry}>
        Ask again
      </Button>
    </Alert>
  );
}
