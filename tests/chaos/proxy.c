/* proxy.c - tests/lib/tcp_proxy as a program: chaos_proxy UNIX_PATH. Writes its port, then does what the lines of its
 * standard input say, one `ok` for each, until they end. A line is a word, up to two numbers, and bytes in hex. */
#include "tests/lib/tcp_proxy.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define LINE_BYTES 8192

static size_t bytes_of(const char *hex, unsigned char *ret_data)
{
    size_t len = 0;
    unsigned byte;
    for (; sscanf(hex + 2 * len, "%2x", &byte) == 1; len++)
        ret_data[len] = (unsigned char)byte;
    return len;
}

/* False: there is no such word. */
static int without_bytes(tcp_proxy *p, const char *word, uint64_t number)
{
    if (strcmp(word, "heal") == 0)
        tcp_proxy_heal(p);
    else if (strcmp(word, "delay") == 0)
        tcp_proxy_delay(p, (int64_t)number);
    else if (strcmp(word, "limit") == 0)
        tcp_proxy_limit(p, (size_t)number);
    else if (strcmp(word, "cut-requests") == 0)
        tcp_proxy_cut_requests(p, (size_t)number);
    else if (strcmp(word, "cut-replies") == 0)
        tcp_proxy_cut_replies(p, (size_t)number);
    else if (strcmp(word, "hang") == 0)
        tcp_proxy_hang(p);
    else if (strcmp(word, "hang-replies") == 0)
        tcp_proxy_hang_replies(p);
    else if (strcmp(word, "reset") == 0)
        tcp_proxy_reset(p);
    else if (strcmp(word, "refuse") == 0)
        tcp_proxy_refuse(p);
    else
        return 0;
    return 1;
}

static int obey(tcp_proxy *p, const char *line)
{
    char word[32] = "", hex[LINE_BYTES] = "";
    unsigned char data[LINE_BYTES / 2];
    uint64_t number = 0;
    if (sscanf(line, "%31s %" SCNu64 " %8191s", word, &number, hex) < 1)
        return 0;
    size_t len = bytes_of(hex, data);
    if (strcmp(word, "replace-reply") == 0)
        tcp_proxy_replace_reply(p, (unsigned)number, data, len);
    else if (strcmp(word, "inject") == 0)
        tcp_proxy_inject(p, data, len);
    else
        return without_bytes(p, word, number);
    return 1;
}

int main(int argc, char **argv)
{
    char line[LINE_BYTES];
    if (argc != 2)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    tcp_proxy *p = tcp_proxy_start(argv[1]);
    printf("%d\n", tcp_proxy_port(p));
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        puts(obey(p, line) ? "ok" : "no such line");
        fflush(stdout);
    }
    tcp_proxy_free(p);
    return 0;
}
