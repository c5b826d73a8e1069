/*
 * librdkafka's mock cluster as a program. Reads one command a line from stdin and answers each with `ok` or
 * `error <reason>`; prints the bootstrap servers first. It ends when stdin does, so it never outlives the test run.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer(rd_kafka_resp_err_t err) {
  if (err) printf("error %s\n", rd_kafka_err2name(err));
  else printf("ok\n");
  fflush(stdout);
}

/* `fail <ApiKey> <error> <count>`: the next requests of that kind are answered with that error. */
static void fail(rd_kafka_mock_cluster_t *cluster, int api, int err, int count) {
  for (int i = 0; i < count; i++) rd_kafka_mock_push_request_errors(cluster, (int16_t)api, 1, (rd_kafka_resp_err_t)err);
  answer(0);
}

/*
 * The mock has no controller, which kafkajs asks for a producer id. Its number is a field behind the handle in a struct
 * that is not public: it is set only where the handle before it proves that this is the field.
 */
static void elect(rd_kafka_mock_cluster_t *cluster) {
  struct { char id[32]; const rd_kafka_t *handle; int32_t controller; } *front = (void *)cluster;
  if (front->handle == rd_kafka_mock_cluster_handle(cluster) && front->controller == 0) front->controller = 1;
}

int main(int argc, char **argv) {
  char line[512], topic[256], err[256];
  long a, b, c;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
  if (!rk) return fprintf(stderr, "%s\n", err), 1;
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, argc > 1 ? atoi(argv[1]) : 3);
  if (!cluster) return fprintf(stderr, "no mock cluster\n"), 1;
  elect(cluster);
  printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fflush(stdout);
  while (fgets(line, sizeof(line), stdin)) {
    if (sscanf(line, "topic %255s %ld %ld", topic, &a, &b) == 3)
      answer(rd_kafka_mock_topic_create(cluster, topic, (int)a, (int)b));
    else if (sscanf(line, "down %ld", &a) == 1)
      answer(rd_kafka_mock_broker_set_down(cluster, (int32_t)a));
    else if (sscanf(line, "up %ld", &a) == 1)
      answer(rd_kafka_mock_broker_set_up(cluster, (int32_t)a));
    else if (sscanf(line, "rtt %ld %ld", &a, &b) == 2)
      answer(rd_kafka_mock_broker_set_rtt(cluster, (int32_t)a, (int)b));
    else if (sscanf(line, "leader %255s %ld %ld", topic, &a, &b) == 3)
      answer(rd_kafka_mock_partition_set_leader(cluster, topic, (int32_t)a, (int32_t)b));
    else if (sscanf(line, "topic-error %255s %ld", topic, &a) == 2)
      rd_kafka_mock_topic_set_error(cluster, topic, (rd_kafka_resp_err_t)a), answer(0);
    else if (sscanf(line, "versions %ld %ld %ld", &a, &b, &c) == 3)
      answer(rd_kafka_mock_set_apiversion(cluster, (int16_t)a, (int16_t)b, (int16_t)c));
    else if (sscanf(line, "fail %ld %ld %ld", &a, &b, &c) == 3)
      fail(cluster, (int)a, (int)b, (int)c);
    else
      printf("error unknown command\n"), fflush(stdout);
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(rk);
  return 0;
}
