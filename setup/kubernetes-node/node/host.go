package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// nodeDNS is the link-local address of the node's CoreDNS, which forwards to the container's resolver. Pods cannot use
// Docker's resolver directly, because it listens on 127.0.0.11. NodeLocal DNSCache uses the same address
// (https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/).
const nodeDNS = "169.254.20.10"

// prepareHost prepares the container to run as a node, and returns its IP address.
func prepareHost() (string, error) {
	if err := unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""); err != nil {
		return "", fmt.Errorf("cannot share mounts with pods: %w. Run the container with --privileged", err)
	}
	if err := delegateCgroups("/sys/fs/cgroup"); err != nil {
		return "", fmt.Errorf("cannot delegate cgroups: %w", err)
	}
	if err := useWorkingIPTables(); err != nil {
		return "", err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return "", err
	}
	if out, err := exec.Command("ip", "address", "replace", nodeDNS+"/32", "dev", "lo").CombinedOutput(); err != nil {
		return "", fmt.Errorf("ip address replace %s: %v: %s", nodeDNS, err, out)
	}
	// Finds the source address of outgoing traffic. Nothing is sent.
	conn, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		return "", fmt.Errorf("cannot find the node's address, because the container has no route: %w", err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String(), nil
}

// delegateCgroups lets the kubelet create cgroups. On cgroup v2, a cgroup that delegates controllers must not contain
// processes, so all processes move one level down (as in k3s and kind). On cgroup v1 it does nothing.
func delegateCgroups(root string) error {
	controllers, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	below := filepath.Join(root, "init")
	if err := os.MkdirAll(below, 0o755); err != nil {
		return err
	}
	pids, err := os.ReadFile(filepath.Join(root, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, pid := range strings.Fields(string(pids)) {
		if err := os.WriteFile(filepath.Join(below, "cgroup.procs"), []byte(pid), 0o644); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+strings.Join(strings.Fields(string(controllers)), " +")), 0o644)
}

// useWorkingIPTables switches to iptables-legacy if the kernel does not support nf_tables.
func useWorkingIPTables() error {
	if exec.Command("iptables", "-t", "nat", "-S").Run() == nil {
		return nil
	}
	for _, name := range []string{"iptables", "ip6tables"} {
		if out, err := exec.Command("update-alternatives", "--set", name, "/usr/sbin/"+name+"-legacy").CombinedOutput(); err != nil {
			return fmt.Errorf("update-alternatives %s: %v: %s", name, err, out)
		}
	}
	if out, err := exec.Command("iptables", "-t", "nat", "-S").CombinedOutput(); err != nil {
		return fmt.Errorf("iptables works neither with nf_tables nor in legacy mode: %s", out)
	}
	return nil
}
